import { test, expect } from 'vitest';
import { create } from 'webgpu';
import * as rt from '../runtime/index.ts';
const platform = { async requestAdapter() {
  let gpu: any = create([]); const adapter = await gpu.requestAdapter();
  const i = adapter.info;
  return { gpu, adapter, info: { vendor: i.vendor, architecture: i.architecture, device: i.device, description: i.description, isSoftware: true, kind: 'lavapipe' as const }, release() { gpu = null; } };
} };
const rnd = (n: number, s = 1) => { const r = new rt.RandomStream(5, 9, s); return Float32Array.from({ length: n }, () => r.uniform(-1, 1)); };
function convRef(x: any, w: any, N: number, IC: number, H: number, W: number, OC: number, K: number, s: number, p: number) {
  const OH = Math.floor((H + 2*p - K)/s)+1, OW = Math.floor((W+2*p-K)/s)+1;
  const y = new Float64Array(N*OC*OH*OW);
  for (let n=0;n<N;n++) for (let o=0;o<OC;o++) for (let i=0;i<OH;i++) for (let j=0;j<OW;j++) { let a=0;
    for (let c=0;c<IC;c++) for (let u=0;u<K;u++) for (let v=0;v<K;v++) { const r=i*s-p+u, q=j*s-p+v; if (r<0||q<0||r>=H||q>=W) continue; a += x[((n*IC+c)*H+r)*W+q]*w[((o*IC+c)*K+u)*K+v]; }
    y[((n*OC+o)*OH+i)*OW+j]=a; }
  return y;
}
function worst(a: any, b: any) { let m = 0; let s = 0; for (let i=0;i<b.length;i++) { m = Math.max(m, Math.abs(a[i]-b[i])); s = Math.max(s, Math.abs(b[i])); if (!(a[i]===a[i])) return NaN; } return m/s; }
for (const gemm of ['subgroup', 'register'] as const)
test(`ops ${gemm}`, async () => {
  const c = await rt.openContext(platform as any, { variants: { gemm }, poison: true });
  for (const [N, IC, H, W, OC, K, s, p] of [[2,3,7,6,5,3,1,1],[1,4,8,8,8,3,2,1],[2,8,5,5,16,1,2,0],[3,16,9,7,20,3,1,1],[1,3,15,15,4,7,2,3],[2,6,4,4,3,3,1,0]]) {
    const xv = rnd(N*IC*H*W, 1), wv = rnd(OC*IC*K*K, 2);
    const x = c.tensor(xv, [N,IC,H,W]); const w = c.tensor(wv, [OC,IC,K,K]);
    x.requiresGrad = w.requiresGrad = true;
    const y = rt.conv2d(x, w, { stride: s, padding: p });
    const ref = convRef(xv, wv, N,IC,H,W,OC,K,s,p);
    const e0 = worst(await y.read(), ref);
    const gv = rnd(y.size, 3); const g = c.tensor(gv, y.shape);
    rt.backward(rt.sum(rt.mul(y, g)));
    // refs by linearity
    const dx = new Float64Array(xv.length), dw = new Float64Array(wv.length);
    const [,, OH, OW] = y.shape;
    for (let n=0;n<N;n++) for (let o=0;o<OC;o++) for (let i=0;i<OH;i++) for (let j=0;j<OW;j++) for (let cc=0;cc<IC;cc++) for (let u=0;u<K;u++) for (let v=0;v<K;v++) { const r=i*s-p+u, q=j*s-p+v; if (r<0||q<0||r>=H||q>=W) continue; const d = gv[((n*OC+o)*OH+i)*OW+j]; dx[((n*IC+cc)*H+r)*W+q]+=d*wv[((o*IC+cc)*K+u)*K+v]; dw[((o*IC+cc)*K+u)*K+v]+=d*xv[((n*IC+cc)*H+r)*W+q]; }
    const e1 = worst(await x.grad!.read(), dx), e2 = worst(await w.grad!.read(), dw);
    console.log([N,IC,H,W,OC,K,s,p].join(), e0, e1, e2);
    expect(Math.max(e0,e1,e2)).toBeLessThan(2e-6);
  }
  for (const [M,K,N] of [[3,5,7],[16,64,32],[1,1,1],[33,65,17]]) for (const ta of [false,true]) for (const tb of [false,true]) {
    const av = rnd(M*K,4), bv = rnd(K*N,5);
    const a = c.tensor(av, ta?[K,M]:[M,K]), b = c.tensor(bv, tb?[N,K]:[K,N]); a.requiresGrad=b.requiresGrad=true;
    const y = rt.matmul(a,b,{transposeA:ta,transposeB:tb}); const gv=rnd(M*N,6);
    const A=(i:number,k:number)=>ta?k*M+i:i*K+k, B=(k:number,j:number)=>tb?j*K+k:k*N+j;
    const yr=new Float64Array(M*N), da=new Float64Array(M*K), db=new Float64Array(K*N);
    for(let i=0;i<M;i++)for(let j=0;j<N;j++)for(let k=0;k<K;k++){yr[i*N+j]+=av[A(i,k)]*bv[B(k,j)];da[A(i,k)]+=gv[i*N+j]*bv[B(k,j)];db[B(k,j)]+=gv[i*N+j]*av[A(i,k)];}
    rt.backward(rt.sum(rt.mul(y, c.tensor(gv,[M,N]))));
    const e=[worst(await y.read(),yr),worst(await a.grad!.read(),da),worst(await b.grad!.read(),db)];
    expect(Math.max(...e), `${M},${K},${N},${ta},${tb}: ${e}`).toBeLessThan(2e-6);
  }
  await c.close();
});
test('speed', async () => {
  const c = await rt.openContext(platform as any);
  for (const [N,C,H] of [[16,16,32],[16,32,16],[16,64,8],[16,128,4],[16,64,32]]) {
    const x = c.tensor(rnd(N*C*H*H), [N,C,H,H], { order: rt.CHANNELS_LAST }), w = c.tensor(rnd(C*C*9), [C,C,3,3], { order: rt.KERNEL_ORDER });
    x.requiresGrad = w.requiresGrad = true;
    const g = c.tensor(rnd(N*C*H*H), [N,C,H,H], { order: rt.CHANNELS_LAST });
    const fl = 2*N*C*C*9*H*H;
    const out: string[] = [];
    for (const which of ['fwd','dx','dw']) {
      x.requiresGrad = which==='dx'; w.requiresGrad = which==='dw';
      const t00 = performance.now();
      const p = await c.record(() => { const y = rt.conv2d(x,w,{padding:1}); if (which==='fwd') return y; y.node!.backward([g]).forEach(()=>{}); return y; });
      const t0 = performance.now(); p.run(); await c.sync();
      const n = Math.max(3, Math.floor(3e9/fl)); 
      const time = async () => { const t = performance.now(); for (let i=0;i<n;i++) p.run(); await c.sync(); return (performance.now()-t)/n; };
      const best = Math.min(await time(), await time());
      out.push(`${which} ${best.toFixed(2)}ms ${(fl*(which==='fwd'?1:2)/best/1e6).toFixed(1)}GF (compile ${(t0-t00).toFixed(0)})`);
      p.dispose();
    }
    console.log(N,C,H, out.join(' | '));
  }
  await c.close();
}, 120000);
